"""What is done with each new thing inside its tree: `python -m tests.extending.use.NAME FOLDER`."""
