"""The matrices that ship with the suite, one TOML file each."""
