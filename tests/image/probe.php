<?php
/** A must-use plugin for the tests: /?probe=NAME shows what no page of WordPress shows. */

declare(strict_types=1);

const PROBES = [
    // What PHP believes of the request.
    'request' => 'probe_request',
    // Requests that are still under way when the container is told to stop.
    'slow' => 'probe_slow',
    'endless' => 'probe_endless',
    // A number that a session remembers.
    'session' => 'probe_session',
];

function probe_request(): array
{
    $limits = ['memory_limit', 'upload_max_filesize', 'max_execution_time', 'opcache.memory_consumption'];
    return [
        'ssl' => is_ssl(),
        'client' => $_SERVER['REMOTE_ADDR'],
        'forwarded' => $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? null,
        'ini' => array_combine($limits, array_map('ini_get', $limits)),
    ];
}

function probe_slow(int $seconds = 3): array
{
    error_log('probe: a slow request has begun');
    $end = hrtime(true) + $seconds * 1_000_000_000;
    while (hrtime(true) < $end) {
        usleep(50_000);
    }
    return ['done' => true];
}

function probe_endless(): array
{
    return probe_slow(55);
}

function probe_session(): array
{
    $started = session_start();
    $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
    return ['started' => $started, 'count' => $_SESSION['count'], 'id' => session_id()];
}

add_action('init', static function (): void {
    $probe = PROBES[$_GET['probe'] ?? ''] ?? null;
    if ($probe !== null) {
        $answer = $probe();
        session_status() === PHP_SESSION_ACTIVE && session_write_close();
        wp_send_json($answer);
    }
});
// How much a page has asked the database.
add_action('wp_footer', static fn () => printf('<!-- queries: %d -->', get_num_queries()), PHP_INT_MAX);
