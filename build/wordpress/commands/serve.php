<?php
/** serve: becomes Apache. Nothing is written, and the database is left to /-/ready. */

declare(strict_types=1);

namespace WordPressImage;

require __DIR__ . '/../command.php';

Command::start('serve');
const WRITTEN_TO = [
    '/tmp' => 'Apache, PHP and uploads need it',
    '/var/www/html/wp-content/uploads' => 'uploads will fail',
];
foreach (WRITTEN_TO as $directory => $why) {
    is_writable($directory) || say("warning: user 33 cannot write to $directory: $why");
}
$environment = getenv();
foreach (preg_grep('/^(?:APACHE|PHP)_/', array_keys(settings())) as $name) {
    // By value, whichever way it was given: Apache and php.ini know no files.
    $environment[$name] = setting($name);
}
// What is empty php.ini would take for a value.
$environment = array_filter($environment, static fn (string $value): bool => $value !== '');
pcntl_exec('/usr/sbin/apache2', ['-f', '/etc/wordpress/apache.conf', '-DFOREGROUND'], $environment);
finish('Apache cannot be started', FAILED);
