<?php
/**
 * Plugin Name: Footer line
 * Description: A line at the end of each page. Change it, commit, and see it on the site.
 */

declare(strict_types=1);

const FOOTER_LINE = 'Deployed by wpdeploy.';

add_action('wp_footer', static function (): void {
    printf('<p id="footer-line" style="text-align: center">%s</p>', esc_html(FOOTER_LINE));
});
