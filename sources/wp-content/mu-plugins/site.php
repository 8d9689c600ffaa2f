<?php
/**
 * Plugin Name: Site
 * Description: What holds for this site whatever is switched on in wp-admin.
 */

declare(strict_types=1);

// Which WordPress this is concerns nobody.
remove_action('wp_head', 'wp_generator');
add_filter('the_generator', '__return_empty_string');

// The core, plugins and themes come with the image: nothing updates itself, and that is no fault.
add_filter('site_status_tests', static function (array $tests): array {
    unset($tests['async']['background_updates'], $tests['direct']['plugin_theme_auto_updates']);
    $tests['direct']['shared_object_cache'] = [
        'label' => 'Object cache',
        'test' => 'site_object_cache_health',
    ];
    return $tests;
});

/** Tell in Tools > Site Health whether the replicas share a cache. */
function site_object_cache_health(): array
{
    $cache = $GLOBALS['wp_object_cache'];
    [$status, $label] = match (true) {
        !method_exists($cache, 'is_shared') => ['recommended', 'No object cache: memcached is not set'],
        $cache->is_shared() => ['good', 'The object cache is in memcached'],
        default => ['critical', 'memcached does not answer: the site does without it'],
    };
    return [
        'label' => $label,
        'status' => $status,
        'badge' => ['label' => 'Performance', 'color' => 'blue'],
        'description' => '<p>Set by WORDPRESS_MEMCACHED_HOST.</p>',
        'actions' => '',
        'test' => 'shared_object_cache',
    ];
}
