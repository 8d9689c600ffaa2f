<?php
/** memcached, and whether it can be relied on: a page must not wait for one that is silent. */

declare(strict_types=1);

namespace WordPressImage;

/**
 * The server of WORDPRESS_MEMCACHED_HOST. After a failure nobody on this host asks it for a while;
 * what was written meanwhile it does not know, so what it then still has is out of date.
 */
final class CacheServer
{
    private const FAILED = '/tmp/memcached-failed';
    private const PAUSE_SECONDS = 5;
    private const MILLISECONDS = 300;
    /** Answers of a server that is well, though they are not what was hoped for. */
    private const ANSWERS = [
        \Memcached::RES_SUCCESS,
        \Memcached::RES_NOTFOUND,
        \Memcached::RES_NOTSTORED,
        \Memcached::RES_DATA_EXISTS,
        \Memcached::RES_STORED,
        \Memcached::RES_DELETED,
        \Memcached::RES_END,
        \Memcached::RES_E2BIG,
        \Memcached::RES_PAYLOAD_FAILURE,
        \Memcached::RES_BAD_KEY_PROVIDED,
        \Memcached::RES_CLIENT_ERROR,
        \Memcached::RES_SERVER_ERROR,
        \Memcached::RES_SERVER_MEMORY_ALLOCATION_FAILURE,
    ];
    /** Whether it may be asked. */
    public bool $usable;
    /** Whether it failed before, and what it has is not to be trusted. */
    public readonly bool $returning;
    private readonly \Memcached $client;

    /** Return the server, or null when there is none in the settings. */
    public static function configured(): ?self
    {
        static $server = null;
        $host = preg_replace('~^tcp://~', '', setting('WORDPRESS_MEMCACHED_HOST'));
        return $host === '' ? null : $server ??= new self($host);
    }

    private function __construct(private readonly string $host)
    {
        $failed = (int) @filemtime(self::FAILED);
        $this->usable = time() - $failed >= self::PAUSE_SECONDS;
        $this->returning = $failed !== 0 && $this->usable;
        // The connection outlives the request.
        $this->client = new \Memcached($host);
        if ($this->client->getServerList() === []) {
            $this->client->setOptions([
                \Memcached::OPT_TCP_NODELAY => true,
                \Memcached::OPT_CONNECT_TIMEOUT => self::MILLISECONDS,
                \Memcached::OPT_POLL_TIMEOUT => self::MILLISECONDS,
                \Memcached::OPT_SEND_TIMEOUT => self::MILLISECONDS * 1000,
                \Memcached::OPT_RECV_TIMEOUT => self::MILLISECONDS * 1000,
                \Memcached::OPT_RETRY_TIMEOUT => 1,
            ]);
            $this->connect_anew();
        }
    }

    /** Call a method of the client; `$fallback` while memcached is not to be relied on. */
    public function ask(string $method, array $arguments, mixed $fallback = false): mixed
    {
        if (!$this->usable) {
            return $fallback;
        }
        $answer = $this->client->$method(...$arguments);
        if (!$this->answered() && $this->client->getResultCode() !== \Memcached::RES_TIMEOUT) {
            // The connection may be of before a restart.
            $this->connect_anew();
            $answer = $this->client->$method(...$arguments);
        }
        if ($this->answered()) {
            return $answer;
        }
        error_log("memcached failed, done without: {$this->client->getResultMessage()}");
        $this->usable = false;
        @touch(self::FAILED);
        return $fallback;
    }

    /** Whether the last answer was what had been asked for. */
    public function found(): bool
    {
        return $this->usable && $this->client->getResultCode() === \Memcached::RES_SUCCESS;
    }

    /** Trust it again; to be said before its content is thrown away. */
    public function trust(): void
    {
        @unlink(self::FAILED);
    }

    private function answered(): bool
    {
        return in_array($this->client->getResultCode(), self::ANSWERS, true);
    }

    private function connect_anew(): void
    {
        preg_match('/\A(.*?)(?::(\d+))?\z/', $this->host, $address);
        $this->client->quit();
        $this->client->resetServerList();
        $this->client->addServer(trim($address[1], '[]'), (int) ($address[2] ?? 11211));
    }
}

/** Return what keeps the keys of this site apart from those of others. */
function site_key(): string
{
    $site = ['WORDPRESS_DB_HOST', 'WORDPRESS_DB_NAME', 'WORDPRESS_TABLE_PREFIX'];
    return substr(sha1(implode("\n", array_map(setting(...), $site))), 0, 16);
}

/** Return in one word how memcached is: off, ok or silent. */
function memcached_state(): string
{
    $server = CacheServer::configured();
    if ($server === null) {
        return 'off';
    }
    $server->ask('get', ['ping']);
    return $server->usable ? 'ok' : 'silent';
}
