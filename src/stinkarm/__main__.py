"""`python -m stinkarm` and the `stinkarm` command."""

from stinkarm.cli import main

if __name__ == "__main__":
    main()
