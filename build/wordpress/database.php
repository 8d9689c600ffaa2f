<?php
/** The site's database, before WordPress is there to ask it. */

declare(strict_types=1);

namespace WordPressImage;

/** The database did not let us in; the message says how, without names and addresses. */
final class DatabaseUnavailable extends \RuntimeException
{
    /** What no waiting will mend, by MySQL's number. */
    private const LASTING = [
        1044 => 'denies the user access to the database',
        1045 => 'denies access: wrong user or password',
        1049 => 'has no database of this name',
        1130 => 'does not accept this host',
        1698 => 'denies access: wrong user or password',
        3159 => 'wants TLS: set WORDPRESS_DB_TLS',
    ];
    public readonly bool $lasting;
    /** As the client library says it, for the log. */
    public readonly string $detail;

    public function __construct(\mysqli_sql_exception $cause)
    {
        $code = $cause->getCode();
        $this->lasting = isset(self::LASTING[$code]);
        $this->detail = "({$code}) {$cause->getMessage()}";
        parent::__construct(self::LASTING[$code] ?? 'does not answer', $code, $cause);
    }
}

const LOCK_SECONDS = 300;
const TLS_FLAGS = [
    'off' => 0,
    'on' => MYSQLI_CLIENT_SSL,
    'verify' => MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT,
];

/** Connect as the site does, each step of it within so many seconds; throw DatabaseUnavailable. */
function connect(int $seconds = 10): \mysqli
{
    return connect_as(
        setting('WORDPRESS_DB_USER'),
        setting('WORDPRESS_DB_PASSWORD'),
        setting('WORDPRESS_DB_NAME'),
        $seconds,
    );
}

/** Connect as somebody, to a database or to none; throw DatabaseUnavailable. */
function connect_as(
    string $user,
    string $password,
    ?string $database = null,
    int $seconds = 10,
): \mysqli {
    preg_match('/\A(.*?)(?::(\d+))?\z/', setting('WORDPRESS_DB_HOST'), $address);
    $link = mysqli_init();
    $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, $seconds);
    $link->options(MYSQLI_OPT_READ_TIMEOUT, $seconds);
    $port = (int) ($address[2] ?? 3306);
    $flags = TLS_FLAGS[setting('WORDPRESS_DB_TLS')];
    try {
        // What goes wrong with names and with TLS is a warning besides.
        @$link->real_connect($address[1], $user, $password, $database, $port, null, $flags);
    } catch (\mysqli_sql_exception $cause) {
        throw new DatabaseUnavailable($cause);
    }
    return $link;
}

/** Connect as `$connect` does, for as long as waiting may help; throw DatabaseUnavailable. */
function await_database(callable $connect): \mysqli
{
    $deadline = hrtime(true) + (int) setting('WORDPRESS_DB_WAIT_SECONDS') * 1_000_000_000;
    $told = false;
    while (true) {
        try {
            return $connect();
        } catch (DatabaseUnavailable $unavailable) {
            if ($unavailable->lasting || hrtime(true) >= $deadline) {
                throw $unavailable;
            }
            $told = $told || say("waiting for the database: {$unavailable->detail}");
            usleep(500_000);
        }
    }
}

/** Keep other processes from installing and upgrading in this database, as soon as none does. */
function lock(\mysqli $link): void
{
    $name = 'wordpress-' . substr(sha1(setting('WORDPRESS_DB_NAME')), 0, 16);
    for ($second = 0; $second < LOCK_SECONDS; $second++) {
        if ($link->execute_query('SELECT GET_LOCK(?, 1)', [$name])->fetch_row()[0] === 1) {
            return;
        }
    }
    throw new \RuntimeException('another install or upgrade does not end: see its log');
}

/** Set as an option while an installation is under way; one that was killed is begun anew. */
const UNFINISHED = 'wordpress_image_installing';

/** Whether WordPress is in the database, and complete. */
function is_installed(\mysqli $link): bool
{
    if (!has_tables($link)) {
        return false;
    }
    $table = setting('WORDPRESS_TABLE_PREFIX') . 'options';
    $query = "SELECT option_name FROM `$table` WHERE option_name IN ('siteurl', ?)";
    return $link->execute_query($query, [UNFINISHED])->fetch_all() === [['siteurl']];
}

/** Whether the table of options is there. */
function has_tables(\mysqli $link): bool
{
    $table = setting('WORDPRESS_TABLE_PREFIX') . 'options';
    $query = 'SELECT 1 FROM information_schema.tables'
        . ' WHERE table_schema = DATABASE() AND table_name = ?';
    return $link->execute_query($query, [$table])->num_rows === 1;
}
