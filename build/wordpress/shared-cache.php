<?php
/**
 * WordPress's object cache, kept in memcached. What one request has seen it keeps in memory besides,
 * and that is all while memcached is silent.
 */

declare(strict_types=1);

use WordPressImage\CacheServer;

/**
 * Each key in memcached has a generation in it, so that a flush is one new number and touches no
 * other site. Groups that are named non-persistent stay in memory.
 */
class WP_Object_Cache
{
    private const MONTH_SECONDS = 2_592_000;
    private const LONGEST_KEY = 200;

    /** @var array<string, mixed> by full key; objects are cloned on their way in and out. */
    private array $memory = [];
    /** @var array<string, true> */
    private array $absent = [];
    /** @var array<string, true> */
    private array $local = [];
    /** @var array<string, true> */
    private array $global = [];
    private string $generation = '';
    private string $blog;

    public function __construct(private readonly CacheServer $server, private readonly string $site)
    {
        $this->blog = is_multisite() ? get_current_blog_id() . ':' : '';
        if ($server->returning) {
            $server->trust();
            $this->flush();
        } else {
            $this->generation = $this->common_generation();
        }
    }

    /** Whether memcached is in use; for the site's health. */
    public function is_shared(): bool
    {
        return $this->server->usable;
    }

    public function add(mixed $key, mixed $data, mixed $group, int $expire): bool
    {
        $name = $this->name($key, $group);
        if (wp_suspend_cache_addition() || $this->remembers($name)) {
            return false;
        }
        return $this->store('add', $name, $group, $data, $expire);
    }

    public function replace(mixed $key, mixed $data, mixed $group, int $expire): bool
    {
        $found = false;
        $this->get($key, $group, true, $found);
        return $found && $this->store('replace', $this->name($key, $group), $group, $data, $expire);
    }

    public function set(mixed $key, mixed $data, mixed $group, int $expire): bool
    {
        return $this->store('set', $this->name($key, $group), $group, $data, $expire);
    }

    public function get(mixed $key, mixed $group, bool $force, ?bool &$found): mixed
    {
        $name = $this->name($key, $group);
        if (!$this->is_local($group) && ($force || !$this->knows($name))) {
            $data = $this->server->ask('get', [$name]);
            // Without memcached, what this request has written is the best there is.
            if ($this->server->usable) {
                $this->learn($name, $data, !$this->server->found());
            }
        }
        $found = $this->remembers($name);
        return $found ? $this->copy($this->memory[$name]) : false;
    }

    /** Return the data by key, false for what is not there. */
    public function get_multiple(array $keys, mixed $group, bool $force): array
    {
        $names = array_map(fn ($key) => $this->name($key, $group), array_combine($keys, $keys));
        $wanted = array_filter($names, fn ($name) => $force || !$this->knows($name));
        if ($wanted !== [] && !$this->is_local($group)) {
            $answer = $this->server->ask('getMulti', [array_values($wanted)]);
            if (is_array($answer)) {
                foreach ($wanted as $name) {
                    $this->learn($name, $answer[$name] ?? false, !array_key_exists($name, $answer));
                }
            }
        }
        return array_map(
            fn ($name) => $this->remembers($name) ? $this->copy($this->memory[$name]) : false,
            $names,
        );
    }

    public function delete(mixed $key, mixed $group): bool
    {
        $name = $this->name($key, $group);
        $remembered = $this->remembers($name);
        $this->learn($name, false, true);
        return $this->is_local($group)
            ? $remembered
            : (bool) $this->server->ask('delete', [$name], $remembered);
    }

    /** Add to a number, which never falls below 0; false when there is none. */
    public function increase(mixed $key, int $by, mixed $group): int|false
    {
        $found = false;
        $data = $this->get($key, $group, true, $found);
        if (!$found) {
            return false;
        }
        $name = $this->name($key, $group);
        $sum = max(0, (is_numeric($data) ? (int) $data : 0) + $by);
        if ($this->is_local($group) || !is_int($data)) {
            return $this->store('set', $name, $group, $sum, 0) ? $sum : false;
        }
        // memcached counts by itself, so that no other replica's count is lost.
        $sum = $this->server->ask($by < 0 ? 'decrement' : 'increment', [$name, abs($by)], $sum);
        $this->learn($name, $sum, $sum === false);
        return $sum;
    }

    public function flush(): bool
    {
        $this->flush_memory();
        $this->generation = $this->new_generation();
        $this->server->ask('set', [$this->generation_key(), $this->generation]);
        return true;
    }

    public function flush_memory(): void
    {
        $this->memory = $this->absent = [];
    }

    public function add_global_groups(array $groups): void
    {
        $this->global += array_fill_keys($groups, true);
    }

    public function add_local_groups(array $groups): void
    {
        $this->local += array_fill_keys($groups, true);
    }

    public function switch_to_blog(int $blog): void
    {
        $this->blog = is_multisite() ? "$blog:" : '';
    }

    private function store(
        string $method,
        string $name,
        mixed $group,
        mixed $data,
        int $expire,
    ): bool {
        $data = $this->copy($data);
        if (!$this->is_local($group)) {
            $expire = $expire > self::MONTH_SECONDS ? time() + $expire : max(0, $expire);
            if (!$this->server->ask($method, [$name, $data, $expire], true)) {
                // An `add` came second; after anything else, what is there is out of date.
                $method === 'add' || $this->server->ask('delete', [$name]);
                unset($this->memory[$name], $this->absent[$name]);
                return false;
            }
        }
        $this->learn($name, $data, false);
        return true;
    }

    private function learn(string $name, mixed $data, bool $missed): void
    {
        unset($this->memory[$name], $this->absent[$name]);
        if ($missed) {
            $this->absent[$name] = true;
        } else {
            $this->memory[$name] = $data;
        }
    }

    private function knows(string $name): bool
    {
        return $this->remembers($name) || isset($this->absent[$name]);
    }

    private function remembers(string $name): bool
    {
        return array_key_exists($name, $this->memory);
    }

    private function copy(mixed $data): mixed
    {
        return is_object($data) ? clone $data : $data;
    }

    private function is_local(mixed $group): bool
    {
        return isset($this->local[$this->text($group ?: 'default')]);
    }

    private function name(mixed $key, mixed $group): string
    {
        $group = $this->text($group ?: 'default');
        $blog = isset($this->global[$group]) ? '' : $this->blog;
        $rest = "$blog$group:{$this->text($key)}";
        if (strlen($rest) > self::LONGEST_KEY || preg_match('/[\x00-\x20\x7f-\xff]/', $rest)) {
            $rest = sha1($rest);
        }
        return "$this->site:$this->generation:$rest";
    }

    /** Plugins give whatever they have for a key or a group; none of it may end a page. */
    private function text(mixed $given): string
    {
        return is_scalar($given) ? (string) $given : sha1(serialize($given));
    }

    private function common_generation(): string
    {
        $key = $this->generation_key();
        $known = $this->server->ask('get', [$key]);
        if (is_string($known)) {
            return $known;
        }
        $new = $this->new_generation();
        // If another request was quicker, its number is the one.
        $added = $this->server->ask('add', [$key, $new]);
        return $added ? $new : (string) $this->server->ask('get', [$key], $new);
    }

    private function new_generation(): string
    {
        return base_convert((string) hrtime(true), 10, 36) . bin2hex(random_bytes(4));
    }

    private function generation_key(): string
    {
        return "$this->site:generation";
    }
}
