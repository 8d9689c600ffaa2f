<?php
/**
 * WordPress's drop-in for an object cache. It defines nothing by itself: PHP would define functions
 * even behind a `return`, and without memcached WordPress must keep its own.
 */

declare(strict_types=1);

if (WordPressImage\setting('WORDPRESS_MEMCACHED_HOST') !== '') {
    require '/usr/local/lib/wordpress/object-cache.php';
}
