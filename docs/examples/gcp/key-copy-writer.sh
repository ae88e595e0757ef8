#!/usr/bin/env bash
# A bucket for copies of sealed keys, and the account by whose HMAC key they are put there (docs/platform-gcp.md). Whoever has
# roles/storage.objectCreator can neither read nor list, and overwrites nothing, because that takes the right to delete.
set -euo pipefail

project=example-project
bucket=example-peer-keys
account=peer-key-copies@$project.iam.gserviceaccount.com

gcloud storage buckets create "gs://$bucket" --project="$project" --location=europe-west3 \
  --uniform-bucket-level-access --public-access-prevention
gcloud storage buckets update "gs://$bucket" --versioning
gcloud iam service-accounts create peer-key-copies --project="$project"
gcloud storage buckets add-iam-policy-binding "gs://$bucket" \
  --member="serviceAccount:$account" --role=roles/storage.objectCreator \
  --condition="title=copies-of-keys,expression=resource.name.startsWith('projects/_/buckets/$bucket/objects/clusters/eu-1/keys/') || resource.name.startsWith('projects/_/buckets/$bucket/objects/clusters/eu-1/checks/')"
gcloud storage hmac create "$account" --project="$project" --format=json |
  jq '{apiVersion: "v1", kind: "Secret", metadata: {name: "gcs-credentials", namespace: "peers"},
       stringData: {accessKeyID: .metadata.accessId, secretAccessKey: .secret}}' |
  kubectl create -f -
