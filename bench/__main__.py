"""Run every measurement: `python -m bench`."""

from bench import pipeline, product


def main() -> None:
    """Run them one after the other: two at once would measure each other."""
    pipeline.main()
    product.main()


if __name__ == "__main__":
    main()
