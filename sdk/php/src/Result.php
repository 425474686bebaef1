<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** What came of something that an administrator asked for. */
final class Result
{
    /** @var bool */
    public $ok;
    /** @var string why not; the paragraph's name in the help page */
    public $code = '';
    /** @var string one or two sentences */
    public $message = '';
    /** @var string address of the explanation */
    public $help = '';
    /** @var Status where the license stands now */
    public $status;
    /** @var string the key that was revealed, the request file that was made */
    public $text = '';

    public function __construct(bool $ok, Status $status)
    {
        $this->ok = $ok;
        $this->status = $status;
    }
}
