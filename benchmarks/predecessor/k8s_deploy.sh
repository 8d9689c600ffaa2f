#!/bin/bash
# AfterInstall: puts three parameters into the template and applies it. What is wrong with it is
# part of it: whatever is not Production is Test, `/` and `&` in a value break sed, and the password
# ends in a file.
cd "$INSTALLED" || exit 1

parameter() {
    aws ssm get-parameter --region eu-central-1 --with-decryption --name "$1" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["Parameter"]["Value"])'
}

if [ "$DEPLOYMENT_GROUP_NAME" = Production ]; then
    group=Production
else
    group=Test
fi
mysql_pw=$(parameter "/CodeBuild/WP-CICD/$group/mysql_pw")
mysql_host=$(parameter "/CodeBuild/WP-CICD/$group/mysql_host")
memcached_host=$(parameter "/CodeBuild/WP-CICD/$group/memcached_host")

sed -e "s/MYSQL_PASSWORD/$mysql_pw/" \
    -e "s/MYSQL_HOST/$mysql_host/" \
    -e "s/MEMCACHED_SERVER/$memcached_host/" \
    k8s-deployment-template.yml > k8s-deployment.yml
kubectl apply -f k8s-deployment.yml
