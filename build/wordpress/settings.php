<?php
/**
 * What the image can be told: each setting by the environment variable NAME, or by NAME_FILE, which
 * names a file that holds the value. docs/image.md explains each.
 */

declare(strict_types=1);

namespace WordPressImage;

/** A setting is missing or wrong; the message names it and never its value. */
final class WrongSetting extends \RuntimeException
{
}

/** How the value of a setting must look, in an expression and in words. */
final readonly class Setting
{
    public function __construct(
        public string $pattern,
        public string $meaning,
        public string $default = '',
    ) {
    }
}

const DATABASE = [
    'WORDPRESS_DB_HOST',
    'WORDPRESS_DB_NAME',
    'WORDPRESS_DB_USER',
    'WORDPRESS_DB_PASSWORD',
];
/** What a command cannot do without. */
const REQUIRED = [
    'serve' => DATABASE,
    'cron' => DATABASE,
    'upgrade' => DATABASE,
    'install' => [
        ...DATABASE,
        'WORDPRESS_SITE_URL',
        'WORDPRESS_SITE_TITLE',
        'WORDPRESS_ADMIN_USER',
        'WORDPRESS_ADMIN_PASSWORD',
        'WORDPRESS_ADMIN_EMAIL',
    ],
];
const KEYS = ['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'];

/** Return every setting, by name. Where there is no default, php.ini or WordPress has one. */
function settings(): array
{
    $host = '(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?';
    $line = new Setting('[^\x00-\x1f\x7f]+', 'one line of text');
    $url = new Setting('https?://[^\s/?#]+/?', 'http://HOST or https://HOST');
    $size = new Setting('[1-9]\d{0,4}[MG]', 'a size such as 256M');
    $settings = [
        'WORDPRESS_DB_HOST' => new Setting($host, 'HOST or HOST:PORT'),
        'WORDPRESS_DB_NAME' => new Setting('[A-Za-z0-9_$-]{1,64}', 'letters, digits, _, $ and -'),
        'WORDPRESS_DB_USER' => $line,
        'WORDPRESS_DB_PASSWORD' => $line,
        'WORDPRESS_DB_TLS' => new Setting('off|on|verify', 'off, on or verify', 'off'),
        'WORDPRESS_DB_WAIT_SECONDS' => new Setting('\d{1,4}', 'a number of seconds', '60'),
        'WORDPRESS_TABLE_PREFIX' => new Setting('\w{1,32}', 'letters, digits and _', 'wp_'),
        'WORDPRESS_MEMCACHED_HOST' => new Setting("(?:tcp://)?$host", 'HOST or HOST:PORT'),
        'WORDPRESS_SITE_URL' => $url,
        'WORDPRESS_CRON' => new Setting('job|visits', 'job or visits', 'job'),
        'WORDPRESS_DEBUG' => new Setting('off|on', 'off or on', 'off'),
        'WORDPRESS_SITE_TITLE' => $line,
        'WORDPRESS_ADMIN_USER' => new Setting('[\w .@-]{1,60}', 'letters, digits, spaces and _.@-'),
        'WORDPRESS_ADMIN_PASSWORD' => $line,
        'WORDPRESS_ADMIN_EMAIL' => new Setting('[^\s@]+@[^\s@]+', 'an address of e-mail'),
        'WORDPRESS_DB_ADMIN_USER' => $line,
        'WORDPRESS_DB_ADMIN_PASSWORD' => $line,
        'APACHE_WORKERS' => new Setting('[1-9]\d{0,2}', 'a number from 1 to 999', '10'),
        'APACHE_GRACEFUL_SECONDS' => new Setting('[1-9]\d{0,3}', 'a number of seconds', '40'),
        'APACHE_STATIC_SECONDS' => new Setting('\d{1,8}', 'a number of seconds', '604800'),
        'PHP_MEMORY_LIMIT' => $size,
        'PHP_UPLOAD_LIMIT' => $size,
        'PHP_MAX_EXECUTION_SECONDS' => new Setting('[1-9]\d{0,3}', 'a number of seconds'),
        'PHP_OPCACHE_MEGABYTES' => new Setting('[1-9]\d{1,3}', 'a number of megabytes from 10'),
        'PHP_OPCACHE_VALIDATE' => new Setting('[01]', '0 or 1'),
    ];
    foreach (KEYS as $key) {
        $settings += ["WORDPRESS_{$key}_KEY" => $line, "WORDPRESS_{$key}_SALT" => $line];
    }
    return $settings;
}

/** Return the value of a setting, or its default; throw WrongSetting. */
function setting(string $name): string
{
    static $all = settings();
    $value = given($name);
    if ($value === '') {
        return $all[$name]->default;
    }
    if (preg_match("~\A(?:{$all[$name]->pattern})\z~", $value) !== 1) {
        throw new WrongSetting("$name must be {$all[$name]->meaning}");
    }
    return $value;
}

/** Return what is wrong with the settings of a command, in parts of a sentence. */
function faults(string $command): array
{
    $missing = $wrong = [];
    foreach (array_keys(settings()) as $name) {
        try {
            $value = setting($name);
            if ($value === '' && in_array($name, REQUIRED[$command], true)) {
                $missing[] = $name;
            }
            if ($name === 'WORDPRESS_DB_TLS' && $value === 'verify') {
                check_authorities((string) getenv('WORDPRESS_DB_CA_FILE'));
            }
        } catch (WrongSetting $fault) {
            $wrong[] = $fault->getMessage();
        }
    }
    $missing = implode(', ', $missing);
    return $missing === '' ? $wrong : ["missing, as NAME or as NAME_FILE: $missing", ...$wrong];
}

/** Throw WrongSetting if the file that php.ini names has no authority that could be believed. */
function check_authorities(string $file): void
{
    if ($file === '') {
        return;
    }
    $content = is_file($file) ? @file_get_contents($file) : false;
    if ($content === false) {
        $hint = 'the build argument DATABASE_CA_URL puts one into the image';
        throw new WrongSetting("WORDPRESS_DB_CA_FILE cannot be read: $file ($hint)");
    }
    if (@openssl_x509_read($content) === false) {
        throw new WrongSetting("WORDPRESS_DB_CA_FILE has no certificate (PEM): $file");
    }
}

/** Return what the environment or the file says, a default aside; throw WrongSetting. */
function given(string $name): string
{
    $value = (string) getenv($name);
    $file = (string) getenv("{$name}_FILE");
    if ($file === '') {
        return $value;
    }
    if ($value !== '') {
        throw new WrongSetting("$name and {$name}_FILE are both set");
    }
    $content = is_file($file) ? @file_get_contents($file) : false;
    if ($content === false) {
        throw new WrongSetting("{$name}_FILE cannot be read: $file");
    }
    // An editor ends the file with a newline, which is not part of the value.
    return preg_replace('/\r?\n\z/', '', $content);
}
