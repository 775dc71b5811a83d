#!/usr/bin/env python3
"""Reads the Parquet tables that `earmark detect` writes in pandas, DuckDB and polars, and compares them with its text tables.

    python3 -m venv v && v/bin/pip install pandas pyarrow duckdb polars numpy
    cargo build && v/bin/python tests/reference/read_parquet.py [--earmark target/debug/earmark]

Events, frame scores and embeddings of two bundled recordings must be equal in all of them: names exactly, numbers to the digits
that the text tables have, and among the three libraries exactly. Ends with an error at the first difference.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl

ROOT = Path(__file__).resolve().parent.parent.parent


def run(arguments, sound, out, *more):
    command = [arguments.earmark, "detect", str(sound), "--recursive", "-o", str(out), "--model", "yamnet", "--device", "cpu"]
    environment = dict(os.environ, EARMARK_MODELS=str(ROOT / "models"))
    subprocess.run([*command, "--hop", "0.48", "--threshold", "0.1", *map(str, more)], check=True, env=environment)


def read_all(pattern, folder):
    """The table by each library, as pandas tables with the same columns."""
    paths = sorted(folder.glob(pattern))
    by_pandas = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    by_duckdb = pd.concat([duckdb.sql(f"SELECT * FROM read_parquet('{path}')").df() for path in paths], ignore_index=True)
    by_polars = pl.concat([pl.read_parquet(path) for path in paths])
    together = duckdb.sql(f"SELECT count(*) FROM read_parquet('{folder}/**/*.parquet')").fetchall()[0][0]
    assert len(by_pandas) == len(by_duckdb) == len(by_polars) == together, pattern
    assert list(by_pandas.columns) == list(by_duckdb.columns) == by_polars.columns, pattern
    return by_pandas, by_duckdb, by_polars


def same(tables, columns):
    by_pandas, by_duckdb, by_polars = tables
    for column in columns:
        first, second, third = by_pandas[column].to_numpy(), by_duckdb[column].to_numpy(), by_polars[column].to_numpy()
        if first.dtype.kind == "f":
            assert np.array_equal(first, second, equal_nan=True) and np.array_equal(first, third, equal_nan=True), column
        else:
            assert list(first) == list(second) == list(third), column


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earmark", default=str(ROOT / "target" / "debug" / "earmark"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        sound = work / "in" / "site"
        sound.mkdir(parents=True)
        for name in ("bell_10s_16k.wav", "mix_16k.wav"):
            shutil.copy(ROOT / "tests/data/model" / name, sound / name)
        run(arguments, work / "in", work / "text", "--scores", work / "text_scores", "--embeddings", work / "arrays", "--embeddings-to", "npy")
        more = ["--to", "parquet", "--scores", work / "scores", "--scores-to", "parquet", "--embeddings", work / "embeddings"]
        run(arguments, work / "in", work / "columns", *more)

        events = read_all("**/*.parquet", work / "columns")
        same(events, events[0].columns)
        text = pd.concat([pd.read_csv(path, sep="\t") for path in sorted((work / "text").glob("**/*.tsv"))], ignore_index=True)
        assert list(events[0]["filename"]) == list(text["filename"]) and list(events[0]["event_label"]) == list(text["event_label"])
        for column, other in (("onset", "onset"), ("offset", "offset"), ("score", "confidence")):
            assert np.abs(events[0][column] - text[other]).max() < 1e-6, column
        assert set(events[0]["model"]) == {"yamnet"} and set(events[0]["version"]) == {"1"}

        scores = read_all("**/*.parquet", work / "scores")
        same(scores, scores[0].columns)
        text = pd.concat([pd.read_csv(path, sep="\t") for path in sorted((work / "text_scores").glob("**/*.tsv"))], ignore_index=True)
        assert list(scores[0].columns[1:]) == list(text.columns)
        values = scores[0].iloc[:, 1:].to_numpy(dtype=np.float64)
        assert values.shape == text.shape and np.abs(values - text.to_numpy()).max() < 6e-7

        embeddings = read_all("**/*.parquet", work / "embeddings")
        same(embeddings, ["filename", "onset", "offset"])
        arrays = np.concatenate([np.load(path) for path in sorted((work / "arrays").glob("**/*.npy"))])
        for table in embeddings[:2]:
            assert np.array_equal(np.stack(table["embedding"].to_numpy()), arrays)
        assert np.array_equal(np.stack(embeddings[2]["embedding"].to_list()), arrays)
        print(f"{len(events[0])} events, {values.size} numbers of scores, {arrays.size} of embeddings: equal in all three")


if __name__ == "__main__":
    main()
