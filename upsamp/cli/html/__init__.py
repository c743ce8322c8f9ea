"""`--html`: each command's page, made of what the command found."""
