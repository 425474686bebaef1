<?php

declare(strict_types=1);

namespace Keystead\Licensed;

/** A page, to be sent as it is, or to be put into a frame of the software's own by its body. */
final class Response
{
    /** @var int */
    public $status;
    /** @var array<string,string> */
    public $headers;
    /** @var string HTML: a fragment, or a whole document where that was asked for */
    public $body;

    /** @param array<string,string> $headers */
    public function __construct(int $status, array $headers, string $body)
    {
        $this->status = $status;
        $this->headers = $headers;
        $this->body = $body;
    }

    /** Sends status and headers, as long as that is possible. */
    public function sendHead(): void
    {
        if (headers_sent()) {
            return;
        }
        http_response_code($this->status);
        foreach ($this->headers as $name => $value) {
            header("$name: $value", $name !== 'Set-Cookie');
        }
    }

    public function send(): void
    {
        $this->sendHead();
        echo $this->body;
    }
}
