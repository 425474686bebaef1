<?php

// The daily job: asks the server when a check is due, so that no administrator waits for it. php check.php

declare(strict_types=1);

require __DIR__ . '/setup.php';

$status = license()->check();
echo $status->state, $status->code === '' ? '' : " ($status->code)", "\n";
exit($status->isOn() ? 0 : 1);
