<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What was found in a store. */
final class Reading
{
    /** @var string */
    public $text;
    /** @var string what is wrong with it, in words for an administrator */
    public $problem;
    /** @var bool others may write or read it: it is of use all the same */
    public $exposed;

    public function __construct(string $text, string $problem = '', bool $exposed = false)
    {
        $this->text = $text;
        $this->problem = $problem;
        $this->exposed = $exposed;
    }
}
