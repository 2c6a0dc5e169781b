"""Run measurements: `python -m bench`; by name: `checking`, and those that need vLLM, `engine` and `gpu`."""

import sys


def main() -> None:
    """Run them one after the other: two at once would measure each other."""
    if sys.argv[1:2] == ["engine"]:
        from bench import engine

        engine.main(sys.argv[2:])
    elif sys.argv[1:2] == ["gpu"]:
        from bench import gpu

        gpu.main(sys.argv[2:])
    elif sys.argv[1:2] == ["checking"]:
        from bench import checking

        checking.main(sys.argv[2:])
    else:
        from bench import pipeline, product

        pipeline.main()
        product.main()


if __name__ == "__main__":
    main()
