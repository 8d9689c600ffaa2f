<?php
/**
 * WordPress's configuration, the same in every environment: what differs is read from the
 * environment at each request. docs/image.md explains the settings.
 */

declare(strict_types=1);

require_once '/usr/local/lib/wordpress/settings.php';
require_once '/usr/local/lib/wordpress/database.php';
require_once '/usr/local/lib/wordpress/memcached.php';
require_once '/usr/local/lib/wordpress/sessions.php';

use function WordPressImage\setting;

define('DB_HOST', setting('WORDPRESS_DB_HOST'));
define('DB_NAME', setting('WORDPRESS_DB_NAME'));
define('DB_USER', setting('WORDPRESS_DB_USER'));
define('DB_PASSWORD', setting('WORDPRESS_DB_PASSWORD'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('MYSQL_CLIENT_FLAGS', WordPressImage\TLS_FLAGS[setting('WORDPRESS_DB_TLS')]);
$table_prefix = setting('WORDPRESS_TABLE_PREFIX');

// Those that are not given WordPress keeps in the database: all replicas have the same either way.
foreach (WordPressImage\KEYS as $key) {
    foreach (["{$key}_KEY", "{$key}_SALT"] as $name) {
        if (setting("WORDPRESS_$name") !== '') {
            define($name, setting("WORDPRESS_$name"));
        }
    }
}
if (setting('WORDPRESS_SITE_URL') !== '') {
    define('WP_HOME', rtrim(setting('WORDPRESS_SITE_URL'), '/'));
    define('WP_SITEURL', WP_HOME);
}

// What the site runs is what the image has: changes are commits.
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISABLE_WP_CRON', setting('WORDPRESS_CRON') === 'job');
define('WP_DEBUG', setting('WORDPRESS_DEBUG') === 'on');
define('WP_DEBUG_DISPLAY', false);

if ($server = WordPressImage\CacheServer::configured()) {
    session_set_save_handler(
        new WordPressImage\Sessions($server, 'session:' . WordPressImage\site_key()),
        true,
    );
}

defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-settings.php';
