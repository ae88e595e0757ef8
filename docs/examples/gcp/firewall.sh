#!/usr/bin/env bash
# The firewall of a VPC whose nodes run peers, where GKE does not make the rules for the Service by itself, and for administrators
# (docs/platform-gcp.md). A VPC lets nothing in that no rule allows. Nodes are told by their service account: a tag, whoever may
# edit a machine can put on it.
set -euo pipefail

project=example-project
network=peers
nodes=peer-nodes@$project.iam.gserviceaccount.com
partners=203.0.113.0/24

# Peers of others, on the one port that is served.
gcloud compute firewall-rules create peers-from-partners --project="$project" --network="$network" \
  --direction=INGRESS --action=ALLOW --priority=900 --rules=tcp:8000 \
  --source-ranges="$partners" --target-service-accounts="$nodes"

# Health checks of passthrough load balancers, on the port of the Service.
gcloud compute firewall-rules create peers-health-checks --project="$project" --network="$network" \
  --direction=INGRESS --action=ALLOW --priority=900 --rules=tcp:30802 \
  --source-ranges=35.191.0.0/16,130.211.0.0/22,209.85.152.0/22,209.85.204.0/22 --target-service-accounts="$nodes"

# SSH by Identity-Aware Proxy alone, whatever rules a network came with.
gcloud compute firewall-rules create peers-ssh-by-iap --project="$project" --network="$network" \
  --direction=INGRESS --action=ALLOW --priority=800 --rules=tcp:22 \
  --source-ranges=35.235.240.0/20 --target-service-accounts="$nodes"
gcloud compute firewall-rules create peers-no-other-ssh --project="$project" --network="$network" \
  --direction=INGRESS --action=DENY --priority=810 --rules=tcp:22 \
  --source-ranges=0.0.0.0/0 --target-service-accounts="$nodes" --enable-logging
