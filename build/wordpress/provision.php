<?php
/** The database and the site's own user in it, made by the database's administrator. */

declare(strict_types=1);

namespace WordPressImage;

/** What WordPress does in its database, its upgrades included. */
const PRIVILEGES = 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX';

/** Connect as the database's administrator; throw DatabaseUnavailable. */
function administrator(): \mysqli
{
    return connect_as(setting('WORDPRESS_DB_ADMIN_USER'), setting('WORDPRESS_DB_ADMIN_PASSWORD'));
}

/**
 * Make what is missing and change nothing that is there: the pods that run use it. In a grant, the
 * characters _ and % of the database's name would stand for others.
 */
function provision(\mysqli $link): void
{
    $link->set_charset('utf8mb4');
    $database = setting('WORDPRESS_DB_NAME');
    $pattern = str_replace('_', '\_', $database);
    $user = "'" . $link->real_escape_string(setting('WORDPRESS_DB_USER')) . "'@'%'";
    $password = $link->real_escape_string(setting('WORDPRESS_DB_PASSWORD'));
    $link->query("CREATE DATABASE IF NOT EXISTS `$database` CHARACTER SET utf8mb4");
    $link->query("CREATE USER IF NOT EXISTS $user IDENTIFIED BY '$password'");
    $link->query('GRANT ' . PRIVILEGES . " ON `$pattern`.* TO $user");
}
