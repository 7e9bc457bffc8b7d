"""From journals to tables and pages. The only part that imports pandas."""
