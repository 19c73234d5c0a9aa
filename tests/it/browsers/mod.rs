//! Real browsers. Where one is not installed its tests say so aloud, and fail under `CI`.

mod examples;
mod followed;
mod grid;
mod hosts;
mod hot_reload;
mod http_state;
mod interrupted;
mod killed_browser;
mod more_steps;
mod one_character;
mod outside;
mod packets;
mod policy;
mod predicted;
mod remote;
mod report_page;
mod reset;
mod robust;
mod settling;
mod speed;
mod starts;
mod steps;
mod tried;
mod webkit;
