#!/usr/bin/perl
# Drives a registry with Net::EPP, a client that others wrote: drive.pl PORT CA CLIENT PASSWORD
# It says what it did, line by line, and dies of the first thing that is not as it should be.
use strict;
use warnings;
use Net::EPP::Client;
use Net::EPP::Frame;
use Net::EPP::ResponseCodes;

my ($port, $ca, $client, $password) = @ARGV;
my $epp = Net::EPP::Client->new(host => 'localhost', port => $port, ssl => 1, frames => 1);
my $serial = 0;
my $domain_ns = 'urn:ietf:params:xml:ns:domain-1.0';

sub ask {
    my ($what, $frame, @expect) = @_;
    $frame->clTRID->appendText('perl-' . ++$serial) if ref $frame;
    my $answer = $epp->request($frame);
    my ($code) = map { $_->getAttribute('code') } $answer->getElementsByTagName('result');
    die "$what: answered $code\n" . $answer->toString(1) unless grep { $_ == $code } @expect;
    print "$what: $code\n";
    return $answer;
}

sub text {
    my ($answer, $name) = @_;
    my ($node) = $answer->getElementsByTagNameNS($domain_ns, $name);
    return $node ? $node->textContent : '';
}

my $greeting = $epp->connect(SSL_ca_file => $ca, SSL_verify_mode => 1, SSL_verifycn_scheme => 'http', SSL_verifycn_name => 'localhost');
die "no greeting\n" unless $greeting->getElementsByTagName('svID');
print "greeting\n";

my $login = Net::EPP::Frame::Command::Login->new;
$login->clID->appendText($client);
$login->pw->appendText($password);
$login->version->appendText('1.0');
$login->lang->appendText('en');
for my $uri (map { $_->textContent } $greeting->getElementsByTagName('objURI')) {
    my $object = $login->createElement('objURI');
    $object->appendText($uri);
    $login->svcs->appendChild($object);
}
ask('login', $login, 1000);

my $check = Net::EPP::Frame::Command::Check::Domain->new;
$check->addDomain('perl.test');
my ($name) = ask('check', $check, 1000)->getElementsByTagNameNS($domain_ns, 'name');
die "not free\n" unless $name->getAttribute('avail') eq '1';

my $create = Net::EPP::Frame::Command::Create::Domain->new;
$create->setDomain('perl.test');
$create->setPeriod(1);
$create->setAuthInfo('perl-auth');
ask('create', $create, 1000);

my $info = Net::EPP::Frame::Command::Info::Domain->new;
$info->setDomain('perl.test');
my $expiry = substr(text(ask('info', $info, 1000), 'exDate'), 0, 10);
print "expires $expiry\n";

sub renewal {
    my $renew = Net::EPP::Frame::Command::Renew::Domain->new;
    $renew->setDomain('perl.test');
    $renew->setCurExpDate($expiry);
    $renew->setPeriod(1);
    return $renew;
}
my $renewed = substr(text(ask('renew', renewal(), 1000), 'exDate'), 0, 10);
print "expires $renewed\n";
ask('renew again', renewal(), 2004);
$info = Net::EPP::Frame::Command::Info::Domain->new;
$info->setDomain('perl.test');
die "renewed twice\n" unless substr(text(ask('info', $info, 1000), 'exDate'), 0, 10) eq $renewed;

my $transfer = Net::EPP::Frame::Command::Transfer::Domain->new;
$transfer->setOp('request');
$transfer->setDomain('others.test');
$transfer->setAuthInfo('auth-1234');
ask('transfer', $transfer, 1001);

sub restore {
    my ($fee) = @_;
    my $update = Net::EPP::Frame::Command::Update::Domain->new;
    $update->setDomain('dear.test');
    my $extension = $update->createElement('extension');
    $update->command->insertBefore($extension, $update->clTRID);
    my $rgp = 'urn:ietf:params:xml:ns:rgp-1.0';
    $extension->addNewChild($rgp, 'rgp:update')->addNewChild($rgp, 'rgp:restore')->setAttribute('op', 'request');
    return $update unless $fee;
    my $fees = 'urn:ietf:params:xml:ns:epp:fee-1.0';
    my $agreed = $extension->addNewChild($fees, 'fee:update');
    $agreed->addNewChild($fees, 'fee:currency')->appendText('EUR');
    $agreed->addNewChild($fees, 'fee:fee')->appendText($fee);
    return $update;
}
ask('restore without its price', restore(), 2003);
ask('restore at another price', restore('80.00'), 2004);
ask('restore', restore('60.00'), 1000);

my $poll = Net::EPP::Frame::Command::Poll::Req->new;
my ($queue) = ask('poll', $poll, 1301)->getElementsByTagName('msgQ');
my $ack = Net::EPP::Frame::Command::Poll::Ack->new;
$ack->setMsgID($queue->getAttribute('id'));
ask('ack', $ack, 1000);

ask('logout', Net::EPP::Frame::Command::Logout->new, 1500);
$epp->disconnect;
