"""The candidates of photos: found in OCR results, described by feature blocks, kept in a table or a Parquet file."""
