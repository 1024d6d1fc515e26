"""`python -m reelnet` is the same as `reelnet`."""

from reelnet.cli import main

if __name__ == "__main__":
    main(prog_name="reelnet")
