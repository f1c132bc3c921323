print('{"lane": "urgent", "confidence": 7, "rank": 99, "nature": ["x"]}')
