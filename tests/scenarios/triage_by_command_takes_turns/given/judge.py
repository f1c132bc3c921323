print('{"severity": "P2", "scope": "customer-internal", "nature": "defect", "reason": "read"}')
