"""Deploys template.yaml: `emulated` into an emulated AWS, `sam` to AWS itself.

LocalStack's init hook runs `emulated` on LocalStack's interpreter, so nothing that it imports may need more than boto3
and samtranslator.
"""
