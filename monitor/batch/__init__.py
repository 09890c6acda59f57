"""Archives: many recordings read by many processes into one Parquet dataset (extra ``batch``)."""
