<?php
/** cron: runs what WordPress has due, once, as a visit would without DISABLE_WP_CRON. */

declare(strict_types=1);

namespace WordPressImage;

require __DIR__ . '/../command.php';

/** Return the hooks that are due. */
function due(): array
{
    return array_merge([], ...array_map(array_keys(...), array_values(wp_get_ready_cron_jobs())));
}

Command::start('cron');
await_database(connect(...))->close();
prepare_wordpress();
$note = static function (): void {
    $due = due();
    Command::$success = static function () use ($due): string {
        $ran = implode(', ', array_diff($due, due())) ?: 'nothing';
        return "cron ran $ran of " . count($due) . ' due';
    };
};
// wp-cron.php ends the process itself. Where WordPress is not installed, this hook is not reached.
$wp_filter['wp_loaded'][PHP_INT_MAX][] = ['function' => $note, 'accepted_args' => 0];
require '/var/www/html/wp-cron.php';
