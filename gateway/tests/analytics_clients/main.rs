//! The doors for clients of other web analytics, with what those clients send.

mod cloud_events;
mod goatcounter;
mod matomo;
mod plausible;
mod posthog;
mod running;
mod segment;
mod shared;
mod snowplow;
mod umami;
