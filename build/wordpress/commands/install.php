<?php
/** install: makes the database and its user, if it may, and installs WordPress, if need be. */

declare(strict_types=1);

namespace WordPressImage;

require __DIR__ . '/../command.php';
require __DIR__ . '/../provision.php';

Command::start('install');
if (setting('WORDPRESS_DB_ADMIN_USER') !== '') {
    $administrator = await_database(administrator(...));
    lock($administrator);
    provision($administrator);
    $administrator->close();
}
$link = await_database(connect(...));
lock($link);
if (is_installed($link)) {
    finish('nothing to install: WordPress is in this database');
}
if (has_tables($link)) {
    // An installation has stopped half-way; WordPress would end the process over it.
    define('WP_REPAIRING', true);
}
define('WP_INSTALLING', true);
prepare_wordpress();
require '/var/www/html/wp-load.php';
require __DIR__ . '/../install-site.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
install_site();
finish('installed WordPress at ' . setting('WORDPRESS_SITE_URL'));
