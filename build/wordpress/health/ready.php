<?php
/** /-/ready: 200 when the site can be served, else 503; the body says what is missing. */

declare(strict_types=1);

namespace WordPressImage;

require_once __DIR__ . '/../settings.php';
require_once __DIR__ . '/../database.php';
require_once __DIR__ . '/../memcached.php';
require_once __DIR__ . '/first-page.php';

header('Content-Type: application/json');
try {
    // Less than a probe has.
    connect(2)->close();
    $database = 'ok';
} catch (DatabaseUnavailable $unavailable) {
    $database = $unavailable->getMessage();
    error_log("not ready: the database {$unavailable->getMessage()} {$unavailable->detail}");
} catch (WrongSetting $wrong) {
    $database = $wrong->getMessage();
    error_log("not ready: {$wrong->getMessage()}");
}
$page = $database === 'ok' ? first_page() : 'not asked';
if ($database === 'ok' && $page !== 'ok') {
    error_log("not ready: the front page $page");
}
// Without a cache the site is slow, and still a site.
$memcached = memcached_state();
$ready = $page === 'ok';
http_response_code($ready ? 200 : 503);
echo json_encode(compact('ready', 'database', 'page', 'memcached')), "\n";
