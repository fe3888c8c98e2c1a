//! INIT. `docs/spec.md`, §3.

use keyfob_wire::init::TokenState;
use keyfob_wire::{ChannelId, Command, Status};

use crate::case::{ensure, same};
use crate::raw::error;
use crate::{Bench, Failure};

super::cases! {
    init_is_answered_as_specified
    init_gives_another_channel_each_time
    init_of_another_length_is_a_bad_request
    init_on_a_channel_is_no_command
    on_the_broadcast_channel_there_is_only_init
    sixteen_channels_are_remembered
    a_boot_id_is_of_one_power_up
    channels_end_with_the_power
}

fn init_is_answered_as_specified(bench: &mut Bench) -> Result<(), Failure> {
    let channel = bench.raw()?.init()?;
    let answer = channel.answer;
    same("the nonce", &answer.nonce, &channel.request)?;
    same("the versions", &(answer.lowest_version, answer.highest_version), &(1, 1))?;
    same("the capabilities", &answer.capabilities, &0)?;
    same("the serial", &answer.serial, &bench.serial())?;
    same("the state", &answer.state, &TokenState::Ready)?;
    ensure!(!matches!(answer.channel, ChannelId(0) | ChannelId::BROADCAST), "the channel is {:?}", answer.channel);
    Ok(())
}

fn init_gives_another_channel_each_time(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let mut seen = Vec::new();
    for _ in 0..20 {
        let id = raw.init()?.id;
        ensure!(!seen.contains(&id), "channel {id:?} is given out twice");
        seen.push(id);
    }
    Ok(())
}

fn init_of_another_length_is_a_bad_request(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for length in [0, 1, 7, 9, 57, 58, 300] {
        let answer = raw.call(ChannelId::BROADCAST, Command::Init, &vec![1; length])?;
        same(&format!("the answer to INIT of {length} bytes"), &answer, &error(Status::BadRequest))?;
    }
    Ok(())
}

fn init_on_a_channel_is_no_command(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    same("the answer", &raw.call(id, Command::Init, &[1; 8])?, &error(Status::UnknownCommand))
}

fn on_the_broadcast_channel_there_is_only_init(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    for command in [Command::Birth, Command::Install, Command::Open, Command::Finish, Command::Record, Command::Error] {
        for length in [0, 41, 100] {
            let answer = raw.call(ChannelId::BROADCAST, command, &vec![0; length])?;
            same(&format!("the answer to {}", command.word()), &answer, &error(Status::UnknownChannel))?;
        }
    }
    Ok(())
}

fn sixteen_channels_are_remembered(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channels = (0..16).map(|_| raw.init()).collect::<Result<Vec<_>, _>>()?;
    for channel in channels {
        let answer = raw.call(channel.id, Command::Record, &[0; 20])?;
        same(&format!("the answer on {:?}", channel.id), &answer, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn a_boot_id_is_of_one_power_up(bench: &mut Bench) -> Result<(), Failure> {
    let (first, second) = (bench.raw()?.init()?.answer, bench.raw()?.init()?.answer);
    same("the boot id without a restart", &second.boot, &first.boot)?;
    bench.restart()?;
    let third = bench.raw()?.init()?.answer;
    ensure!(third.boot != first.boot, "the boot id stays the same");
    same("the serial", &third.serial, &first.serial)
}

fn channels_end_with_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let last = bench.raw()?.init()?.id;
    bench.restart()?;
    let mut raw = bench.raw()?;
    let answer = raw.call(last, Command::Record, &[0; 20])?;
    same("the answer on a channel from before", &answer, &error(Status::UnknownChannel))
}
