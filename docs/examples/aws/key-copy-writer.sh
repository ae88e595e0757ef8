#!/usr/bin/env bash
# Makes the user by whose access key the copies of sealed keys are put into the bucket, and hands the key to the Jobs that do it.
# The files and names are those of docs/platform-aws.md. The secret goes from AWS to the cluster through a pipe, into no file.
set -euo pipefail
cd "$(dirname "$0")"

user=peer-key-copies
aws iam create-user --user-name "$user"
aws iam put-user-policy --user-name "$user" --policy-name put-copies-of-keys --policy-document file://key-copy-writer.json
aws iam create-access-key --user-name "$user" --output json |
  jq '{apiVersion: "v1", kind: "Secret", metadata: {name: "s3-credentials", namespace: "peers"},
       stringData: {accessKeyID: .AccessKey.AccessKeyId, secretAccessKey: .AccessKey.SecretAccessKey}}' |
  kubectl create -f -
