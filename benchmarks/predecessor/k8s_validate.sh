#!/bin/bash
# ValidateService: waits for the rollout, whatever comes of it, and is content with any pod that
# runs, an old one too.
kubectl rollout status deployment/wordpress

for _ in $(seq 60); do
    if kubectl get pods --selector app=wordpress | grep -q Running; then
        exit 0
    fi
    sleep 10
done
exit 1
