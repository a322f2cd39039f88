"""`python -m seesay`, the same as `seesay`."""

from seesay.cli import main

if __name__ == "__main__":
    main()
