<?php
/** Says in one line what is wrong with the settings of the command that is its argument. */

declare(strict_types=1);

namespace WordPressImage;

require __DIR__ . '/settings.php';

$faults = faults($argv[1]);
if ($faults !== []) {
    fwrite(STDERR, 'wordpress: ' . implode('; ', $faults) . "\n");
    exit(2);
}
