<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** A lease that is not accepted. The reason is one of the codes that all Keystead libraries share. */
final class Refused extends \Exception
{
    /** @var string malformed, algorithm, type, statement, product, key, signature, claims, … */
    public $reason;

    public function __construct(string $reason)
    {
        parent::__construct('lease refused: ' . $reason);
        $this->reason = $reason;
    }
}
