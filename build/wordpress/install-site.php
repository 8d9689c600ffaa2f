<?php
/** WordPress's installation without its form; loaded into WordPress. */

declare(strict_types=1);

namespace {
    // WordPress lets this be replaced. The container has nothing that sends mail, and no one waits.
    function wp_new_blog_notification()
    {
    }
}

namespace WordPressImage {
    /** Install, and have the site's plugins active and its addresses readable from the start. */
    function install_site(): void
    {
        wp_cache_flush();
        make_db_current_silent();
        add_option(UNFINISHED, 1);
        $done = wp_install(
            setting('WORDPRESS_SITE_TITLE'),
            setting('WORDPRESS_ADMIN_USER'),
            setting('WORDPRESS_ADMIN_EMAIL'),
            true,
            '',
            wp_slash(setting('WORDPRESS_ADMIN_PASSWORD')),
        );
        // What the database refuses on the way WordPress does not tell.
        if (!is_int($done['user_id']) || !user_can($done['user_id'], 'administrator')) {
            throw new \RuntimeException('WordPress has no administrator: see the errors above');
        }
        $GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
        flush_rewrite_rules(false);
        $failed = activate_plugins(array_keys(get_plugins()), '', false, true);
        if (is_wp_error($failed)) {
            $why = $failed->get_error_message();
            throw new \RuntimeException("a plugin cannot be activated: $why");
        }
        delete_option(UNFINISHED);
        wp_cache_flush();
    }
}
