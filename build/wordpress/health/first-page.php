<?php
/**
 * The front page, before a container takes visitors: a release whose page is an error must not take
 * the place of one that works. Asked until it was shown once; what breaks later is no reason to take
 * every replica away, wp-admin included.
 */

declare(strict_types=1);

namespace WordPressImage;

const ASKED = '/tmp/front-page-asked';
const SHOWN = '/tmp/front-page-shown';
/** Less than a probe has; a page that goes on being slower is still a page. */
const PAGE_SECONDS = 3.0;
const SLOW_SECONDS = 30;
const MOST_BYTES = 1 << 20;

/** Return "ok", or what is wrong with the page. */
function first_page(): string
{
    if (is_file(SHOWN)) {
        return 'ok';
    }
    is_file(ASKED) || @touch(ASKED);
    $fault = page_fault();
    if ($fault === 'takes too long' && time() - (int) @filemtime(ASKED) >= SLOW_SECONDS) {
        $fault = '';
    }
    $fault !== '' || @touch(SHOWN);
    return $fault ?: 'ok';
}

/** Ask for the page as the load balancer does; return what is wrong with it, or "". */
function page_fault(): string
{
    $url = rtrim(setting('WORDPRESS_SITE_URL'), '/') ?: 'http://localhost';
    [$scheme, $host] = explode('://', $url);
    $http = [
        'header' => ["Host: $host", "X-Forwarded-Proto: $scheme"],
        'user_agent' => 'ready',
        'timeout' => PAGE_SECONDS,
        'ignore_errors' => true,
        'follow_location' => 0,
    ];
    $started = hrtime(true);
    $context = stream_context_create(compact('http'));
    $body = @file_get_contents('http://127.0.0.1:8080/', context: $context, length: MOST_BYTES);
    $status = (int) (explode(' ', http_get_last_response_headers()[0] ?? '')[1] ?? 0);
    return match (true) {
        $status >= 500 => "answers $status",
        $status === 200 && breaks_off((string) $body) => 'breaks off',
        (hrtime(true) - $started) / 1e9 >= PAGE_SECONDS => 'takes too long',
        $status === 0 => 'does not answer',
        default => '',
    };
}

/** Whether HTML has no end: an error came when the page had begun, and its status was told. */
function breaks_off(string $body): bool
{
    $ends = strlen($body) === MOST_BYTES || stripos($body, '</html>') !== false;
    return stripos($body, '<html') !== false && !$ends;
}
