"""What is shown: rich tables on a terminal, plain text elsewhere; rich is known here alone."""
