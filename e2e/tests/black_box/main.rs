//! Spillway from outside, in both modes: real binaries, real emulators, faults. One program for all
//! of it, so that its tests share the emulators, and those that wait leave the processors to others.

mod archive;
mod auth;
mod bad_input;
mod broker_contract;
mod browser;
mod crash;
mod dead_letters;
mod deployment;
mod docs;
mod events;
mod images;
mod isolation;
mod lifecycle;
mod logs;
mod pages;
mod push;
mod redrive;
mod store_contract;
mod texts;
