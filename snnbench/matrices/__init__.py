"""The suite ships with these matrices, one TOML file each."""
