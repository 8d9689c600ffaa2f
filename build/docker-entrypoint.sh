#!/usr/bin/env bash
# The image's commands: serve (the default), install, upgrade, cron. docs/image.md explains them.
set -euo pipefail

refuse() {
    echo "wordpress: $*" >&2
    exit 2
}

# As root without capabilities Apache would run PHP as root.
((EUID != 0)) || refuse 'runs as user 33 and never as root: leave runAsUser (--user) alone'
(($# == 1)) || refuse 'takes one command: serve, install, upgrade or cron'
case $1 in
    serve | install | upgrade | cron) ;;
    *) refuse "unknown command $1: serve, install, upgrade or cron" ;;
esac
# Without php.ini, which takes some settings as they come.
php -n /usr/local/lib/wordpress/check.php "$1" || exit 2
exec php "/usr/local/lib/wordpress/commands/$1.php"
