#!/bin/sh
# The preview's database in /data, made on its first start. Only who shares its network reaches it.
# ADMINISTRATOR_PASSWORD is what the user `administrator` has from this start on.
set -eu
as=
if [ "$(id -u)" = 0 ]; then
    as=--user=root
fi
if [ ! -d /data/mariadb ]; then
    # Under another name until it is complete.
    rm -rf /data/unfinished
    mariadb-install-db --no-defaults --datadir=/data/unfinished --skip-test-db $as \
        --auth-root-authentication-method=socket --auth-root-socket-user=root
    mv /data/unfinished /data/mariadb
fi
cat >/tmp/administrator.sql <<END
CREATE OR REPLACE USER administrator@'%' IDENTIFIED BY '$ADMINISTRATOR_PASSWORD';
GRANT ALL ON *.* TO administrator@'%' WITH GRANT OPTION;
END
exec mariadbd --no-defaults $as --datadir=/data/mariadb --bind-address=127.0.0.1 \
    --socket=/tmp/mariadb.socket --pid-file=/tmp/mariadb.pid --skip-name-resolve \
    --innodb-flush-log-at-trx-commit=2 --init-file=/tmp/administrator.sql
