"""`python -m lodestone`."""

from lodestone.cli import main

if __name__ == "__main__":
    main()
