<?php
/** What the commands share: their end, and the line that tells how it went. */

declare(strict_types=1);

namespace WordPressImage;

require_once __DIR__ . '/settings.php';
require_once __DIR__ . '/database.php';

const FAILED = 1;
const NO_DATABASE = 3;

/** Write a line for whoever reads the log. */
function say(string $line): bool
{
    return fwrite(STDERR, "wordpress: $line\n") !== false;
}

/** End the process with its last word. */
function finish(string $line, int $code = 0): never
{
    say($line);
    exit(Command::$code = $code);
}

/** The process: what ends it, and with which exit code. */
final class Command
{
    private const FATAL = E_ERROR | E_PARSE | E_COMPILE_ERROR | E_USER_ERROR;
    /** Null until `finish` was called: whatever else ends the process is no success, */
    public static ?int $code = null;
    /** unless this is set by then: it returns the last word. */
    public static ?\Closure $success = null;

    /** See to it that every end of this command has its line and its exit code. */
    public static function start(string $name): void
    {
        set_exception_handler(self::failed(...));
        register_shutdown_function(self::ended(...), $name);
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT, SIGWINCH] as $signal) {
            pcntl_signal($signal, static fn () => finish("$name was stopped", 128 + SIGTERM));
        }
        // An upgrade may change a large table.
        ini_set('mysqlnd.net_read_timeout', '86400');
        set_time_limit(0);
    }

    private static function failed(\Throwable $error): never
    {
        if ($error instanceof DatabaseUnavailable) {
            finish("the database {$error->getMessage()} {$error->detail}", NO_DATABASE);
        }
        $place = "{$error->getFile()}:{$error->getLine()}";
        $ours = $error instanceof \RuntimeException;
        finish("failed: {$error->getMessage()}" . ($ours ? '' : " ($place)"), FAILED);
    }

    /** WordPress and its plugins end a process as they like, and with 0. */
    private static function ended(string $name): void
    {
        if (self::$code !== null) {
            return;
        }
        $last = error_get_last()['type'] ?? 0;
        if (($last & self::FATAL) !== 0 || self::$success === null) {
            finish("$name ended early, see above", FAILED);
        }
        finish((self::$success)());
    }
}

/** Say to WordPress, which is about to be loaded, what it takes from a request elsewhere. */
function prepare_wordpress(): void
{
    $url = rtrim(setting('WORDPRESS_SITE_URL'), '/') ?: 'http://localhost';
    [$scheme, $host] = explode('://', $url);
    $_SERVER['HTTP_HOST'] = $_SERVER['SERVER_NAME'] = $host;
    $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
    $_SERVER['REQUEST_METHOD'] = 'GET';
    $_SERVER['REQUEST_URI'] = '/';
    $_SERVER['REMOTE_ADDR'] = '127.0.0.1';
    if ($scheme === 'https') {
        $_SERVER['HTTPS'] = 'on';
    }
    // It would answer a fatal error with a page.
    define('WP_DISABLE_FATAL_ERROR_HANDLER', true);
}
