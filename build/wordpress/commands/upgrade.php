<?php
/** upgrade: brings the database to what this WordPress wants, if it is behind. */

declare(strict_types=1);

namespace WordPressImage;

require __DIR__ . '/../command.php';

Command::start('upgrade');
$link = await_database(connect(...));
lock($link);
if (!is_installed($link)) {
    finish('nothing to upgrade: WordPress is not installed in this database');
}
define('WP_INSTALLING', true);
prepare_wordpress();
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
$before = (int) get_option('db_version');
if ($before >= $wp_db_version) {
    finish("nothing to upgrade: the database has version $before");
}
wp_upgrade();
wp_cache_flush();
$after = (int) get_option('db_version');
if ($after !== $wp_db_version) {
    finish("failed: the database has version $after, not $wp_db_version", FAILED);
}
finish("upgraded the database from version $before to $after");
