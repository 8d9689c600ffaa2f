<?php
/** PHP's sessions in memcached; WordPress has none of its own, plugins do. */

declare(strict_types=1);

namespace WordPressImage;

/**
 * Sessions that all replicas share. While memcached is silent each request has an empty one, where
 * PHP's own handler would throw. Requests with the same session take turns, as with files.
 */
final class Sessions implements \SessionHandlerInterface
{
    private const LOCK_SECONDS = 30;
    private const LOCK_WAIT_SECONDS = 10;
    private string $lock = '';

    public function __construct(
        private readonly CacheServer $server,
        private readonly string $prefix,
    ) {
    }

    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function read(string $id): string
    {
        $this->lock("{$this->prefix}:lock:$id");
        return (string) $this->server->ask('get', ["{$this->prefix}:$id"], '');
    }

    public function write(string $id, string $data): bool
    {
        $lifetime = (int) ini_get('session.gc_maxlifetime');
        $this->server->ask('set', ["{$this->prefix}:$id", $data, $lifetime]);
        return true;
    }

    public function close(): bool
    {
        if ($this->lock !== '') {
            $this->server->ask('delete', [$this->lock]);
            $this->lock = '';
        }
        return true;
    }

    public function destroy(string $id): bool
    {
        $this->server->ask('delete', ["{$this->prefix}:$id"]);
        return true;
    }

    public function gc(int $lifetime): int
    {
        return 0;
    }

    private function lock(string $key): void
    {
        $deadline = hrtime(true) + self::LOCK_WAIT_SECONDS * 1_000_000_000;
        $claim = [$key, 1, self::LOCK_SECONDS];
        while (!$this->server->ask('add', $claim, true) && hrtime(true) < $deadline) {
            usleep(20_000);
        }
        $this->lock = $key;
    }
}
