#!/bin/bash
# BeforeInstall: takes away the files that the last deployment was installed as.
rm -f "$INSTALLED/k8s_cleanup.sh"
rm -f "$INSTALLED/k8s_deploy.sh"
rm -f "$INSTALLED/k8s_validate.sh"
rm -f "$INSTALLED/k8s-deployment-template.yml"
