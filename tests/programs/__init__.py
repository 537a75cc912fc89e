"""Programs as people write them who do not think of derivatives, each checked against finite differences."""
